"""Reads documents with stem, validation on: arguments are `type=file`. Prints how many of each, or what is wrong, as JSON."""

import json
import sys

import stem.descriptor
from stem.descriptor import DocumentHandler

results = {}
for argument in sys.argv[1:]:
    kind, name = argument.split('=', 1)
    try:
        whole = 'network-status' in kind
        handler = DocumentHandler.DOCUMENT if whole else DocumentHandler.ENTRIES
        with open(name, 'rb') as file:
            found = list(stem.descriptor.parse_file(file, kind, validate=True, document_handler=handler))
        for document in found:
            if kind.startswith('network-status-consensus') or kind.startswith('network-status-vote'):
                entries = [str(entry) for entry in document.routers.values()]
                assert entries, 'no entries'
        results[argument] = len(found)
    except Exception as error:
        results[argument] = '%s: %s' % (type(error).__name__, error)
print(json.dumps(results))
