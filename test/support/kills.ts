import type { StoryMachine } from "./machine.ts";

/** Runs `act` killed from its first call on, from its second, … and lastly not killed at all. */
export async function killedAtEveryCall(
  prepare: () => Promise<StoryMachine>,
  act: (machine: StoryMachine) => Promise<unknown>,
  then: (machine: StoryMachine, when: string) => Promise<void>,
): Promise<void> {
  for (let [call, isKilled] = [1, true]; isKilled; call++) {
    const machine = await prepare();
    let calls = 0;
    isKilled = false;
    // From the killed call on nothing works any more, not even the clean-up.
    machine.beforeCall = () => {
      if (++calls < call) return;
      isKilled = true;
      throw Object.assign(new Error("killed"), { name: "PermanentError" });
    };
    await act(machine);
    machine.beforeCall = () => {};
    await then(machine, `killed at call ${call}`);
  }
}
