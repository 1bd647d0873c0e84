/** Raised with every change that an older client or helper would not understand. */
export const protocolVersion = 1;
