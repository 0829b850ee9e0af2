/** Cells a stream may send ahead on a hop with fixed windows, and how many one SENDME adds. spec: tor-spec 7.4 */
export const streamWindow = 500;
export const streamWindowIncrement = 50;

/** With more than this waiting on our side no stream SENDME is sent: ten cells, as in C tor. */
export const windowBacklogBytes = 10 * 509;

/**
 * Under congestion control, how much may wait on our side of one stream. An honest far end stops at XOFF, a quarter of a
 * megabyte, plus what was on the way; beyond this one does not mean to stop, and the circuit is closed.
 */
export const backlogLimitBytes = 32 * 1024 * 1024;

/** How long messages for a stream we ended are still fine under congestion control, unless round trips take longer. */
export const halfClosedMs = 60_000;
