/** One line of the gate: what was looked at, what was found, and whether that is good enough. */
export interface GateCheck {
  readonly name: string;
  readonly ok: boolean;
  /** A sentence with the numbers found and the bar. Ids and counts only. */
  readonly found: string;
}

export interface GateResult {
  readonly verdict: "green" | "red";
  readonly checks: readonly GateCheck[];
  readonly at: number;
}
