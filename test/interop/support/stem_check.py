"""Drives a control port with stem, as nyx and others do, and prints what came of it as JSON."""

import json
import subprocess
import sys

import stem.connection
from stem.control import Controller, EventType, Listener

port, socks_port, web_port, onion = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
results = {}


def check(name, act):
    try:
        results[name] = {'ok': True, 'value': act()}
    except Exception as error:
        results[name] = {'ok': False, 'value': '%s: %s' % (type(error).__name__, error)}


def fetch(url):
    command = ['curl', '-sS', '-m', '60', '--socks5-hostname', '127.0.0.1:%d' % socks_port, url]
    return subprocess.run(command, capture_output=True, text=True).stdout


controller = Controller.from_port(port=port)
protocol = stem.connection.get_protocolinfo(controller)
results['methods'] = {'ok': True, 'value': [str(method) for method in protocol.auth_methods]}
check('authenticate', controller.authenticate)
check('version', lambda: str(controller.get_version()))
check('circuits', lambda: [circuit.status for circuit in controller.get_circuits()])
check('statuses', lambda: sorted(status.nickname for status in controller.get_network_statuses()))
check('microdescriptors', lambda: len(list(controller.get_microdescriptors())))
check('socks', lambda: controller.get_listeners(Listener.SOCKS))
check('bootstrap', lambda: controller.get_info('status/bootstrap-phase'))
check('getconf', lambda: controller.get_conf('SocksPort'))
check('names', lambda: controller.get_info('info/names') != '')

events = []
watched = ['CIRC', 'STREAM', 'ORCONN', 'BW', 'HS_DESC', 'STATUS_CLIENT', 'SIGNAL', 'CONF_CHANGED', 'NOTICE']
controller.add_event_listener(events.append, *[getattr(EventType, name) for name in watched])
check('setconf', lambda: controller.set_conf('MaxCircuitDirtiness', '1200'))
check('newnym', lambda: controller.signal('NEWNYM'))
check('web', lambda: fetch('http://127.0.0.1:%d/' % web_port))
check('onion', lambda: fetch('http://%s/' % onion))


def extend():
    relays = [status.fingerprint for status in controller.get_network_statuses()]
    exit_relay = [status.fingerprint for status in controller.get_network_statuses() if 'Exit' in status.flags][0]
    path = [relay for relay in relays if relay != exit_relay][:2] + [exit_relay]
    number = controller.new_circuit(path, await_build=True, timeout=60)
    built = [hop[0] for hop in controller.get_circuit(number).path]
    controller.close_circuit(number)
    return built == path


check('extend', extend)


def serve():
    service = controller.create_ephemeral_hidden_service({80: web_port}, await_publication=True, timeout=120)
    listed = controller.list_ephemeral_hidden_services() == [service.service_id]
    page = fetch('http://%s.onion/' % service.service_id)
    controller.remove_ephemeral_hidden_service(service.service_id)
    return [listed, page, controller.list_ephemeral_hidden_services([])]


check('serve', serve)
check('descriptor', lambda: controller.get_hidden_service_descriptor(onion.replace('.onion', ''), timeout=60) is not None)
results['events'] = {'ok': True, 'value': sorted({type(event).__name__ for event in events})}
controller.close()
print(json.dumps(results))
