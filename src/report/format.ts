// Numbers and times as a person reads them; the same on every machine: English digits, UTC.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (value: number): string => whole.format(value);

/** Three significant digits, no exponent: 0.0123, 4.57, 12,346. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return whole.format(value);
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** A share that is not quite nothing or not quite all must not be rounded into it. */
export function carefulPercent(part: number, total: number): string {
  if (total === 0) return "–";
  if (part > 0 && part / total < 0.0005) return "< 0.1 %";
  if (part < total && part / total > 0.9995) return "> 99.9 %";
  return percent(part / total);
}

export const signed = (value: number, digits = 3): string =>
  `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

export const moment = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** 950 ms, 12 s, 3 min 05 s, 2 h 07 min, 4 d 03 h. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? "" : ` ${two(seconds % 60)} s`}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${Math.floor(minutes / (24 * 60))} d ${two(Math.floor(minutes / 60) % 24)} h`;
}

/** A forecast's value with its unit; `s`, `B` and `USD` get their usual shape. */
export function measured(value: number, unit: string): string {
  if (unit === "s") return duration(value * 1000);
  if (unit === "USD") return value > 0 && value < 0.01 ? "< $0.01" : `$${value.toFixed(2)}`;
  if (unit === "B") return bytes(value);
  return `${figure(value)} ${unit}`;
}

/** Both ends of a forecast, the unit once where it is the same word. */
export function measuredRange(low: number, high: number, unit: string): string {
  const [least, most] = [measured(low, unit), measured(high, unit)];
  if (least === most) return most;
  return most.endsWith(` ${unit}`) ? `${figure(low)} to ${most}` : `${least} to ${most}`;
}

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${figure(value / 1000 ** step)} ${units[step]}`;
}

/** `one point`, `2 points`. */
export const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
