// The workflow's graph as a picture for the documentation, from the deployed definition itself:
//   npm run picture
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly ItemProcessor?: Machine;
}

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const ROOT = join(import.meta.dirname, "..");
export const PICTURE = join(ROOT, "docs/pictures/workflow.svg");

const SHAPES: Readonly<Record<string, string>> = {
  Choice: "diamond",
  Wait: "octagon",
  Succeed: "oval",
  Fail: "oval",
};

const FAILURE = ', color="#c0562f", fillcolor="#fbf1ec"';

/**
 * Every state a node, every way on an edge, a Map a frame around what it repeats. Where a state leads when it fails is
 * said at the place it leads to: drawn, these ways would hide the others.
 */
function dotOf(machine: Machine, path: string): string[] {
  const idOf = (state: string): string => JSON.stringify(path + state);
  const states = Object.entries(machine.States);
  return states.flatMap(([name, state]) => {
    const { ItemProcessor: inner } = state;
    const caught = states.filter(([, { Catch = [] }]) => Catch.some(({ Next }) => Next === name)).length;
    const label = caught === 0 ? name : `${name}\nwhen any of ${caught} states failed`;
    const next = [state.Next, state.Default, ...(state.Choices ?? []).map(({ Next }) => Next)];
    return [
      `${idOf(name)} [label=${JSON.stringify(label)}, shape=${SHAPES[state.Type] ?? "box"}${caught === 0 ? "" : FAILURE}]`,
      ...[...new Set(next.filter((to) => to !== undefined))].map((to) => `${idOf(name)} -> ${idOf(to)}`),
      ...(inner === undefined ? [] : frameOf(inner, { name, path })),
    ];
  });
}

function frameOf(inner: Machine, { name, path }: { readonly name: string; readonly path: string }): string[] {
  const within = `${path}${name}/`;
  return [
    `subgraph ${JSON.stringify(`cluster_${within}`)} {`,
    `label=${JSON.stringify(`each of ${name}`)}; style="rounded,dashed"; color="#888888"; fontcolor="#555555"`,
    ...dotOf(inner, within),
    "}",
    `${JSON.stringify(path + name)} -> ${JSON.stringify(within + inner.StartAt)} [style=dotted]`,
  ];
}

/** The same text for the same definition, so that a test can compare it with the file. */
export async function drawWorkflow(): Promise<string> {
  const machine: Machine = JSON.parse(readFileSync(join(ROOT, "infra/workflow.asl.json"), "utf8"));
  const dot = [
    'digraph workflow { bgcolor="white"; rankdir=TB; nodesep=0.25; ranksep=0.35',
    'node [fontname="sans-serif", fontsize=12, style="rounded,filled", fillcolor="#f3f6fa", color="#4a6785"]',
    'edge [color="#4a6785", arrowsize=0.7]; fontname="sans-serif"; fontsize=12',
    ...dotOf(machine, ""),
    "}",
  ].join("\n");
  return (await instance()).renderString(dot, { format: "svg" });
}

if (process.argv[1] === import.meta.filename) writeFileSync(PICTURE, await drawWorkflow());
