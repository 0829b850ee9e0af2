/** One controller, as commands see it. */
export interface Controller {
  /** Names of the events it asked for. */
  events: ReadonlySet<string>;
  /** TAKEOWNERSHIP: the node ends with this connection. */
  owner: boolean;
}
