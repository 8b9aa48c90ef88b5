// What the build puts in the place of "lab:worker": the worker as a file of its own, or as text inside the page.
declare module "lab:worker" {
  const EngineWorker: new (options?: { name?: string }) => Worker;
  export default EngineWorker;
}
