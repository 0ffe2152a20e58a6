// A host with two processes idle and two at work for ever; tells whoever started it their numbers.
import { StartedHost } from "./started.ts";

const started = await StartedHost.start();
const look = async (): Promise<unknown> =>
  Reflect.get(Object(await started.host.invoke("planner", { act: "look" })), "pid");
const idle = await Promise.all([look(), look()]);
await started.sends({ page: 1, failing: 1, how: "hang" }, { page: 2, failing: 1, how: "hang" });
const atWork = await started.sees("begun", 2);
process.send?.([...idle, ...atWork.map(({ pid }) => pid)]);
