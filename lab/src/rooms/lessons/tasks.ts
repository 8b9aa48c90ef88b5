// What the worker computes for this room.
export const tasks = {};
