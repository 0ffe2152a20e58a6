// Parts that several sections are made of.
import type { PointId } from "../migration/ids.ts";
import type { Outcome } from "../migration/qualityBars.ts";
import { count } from "./format.ts";
import { type Content, html, type Markup } from "./markup.ts";

const WORDS: Readonly<Record<Outcome, string>> = {
  PASS: "✓ pass",
  FAIL: "✗ fail",
  INCONCLUSIVE: "? open",
};

/** The outcome in a word and a colour: colour alone says nothing to many. */
export const mark = (outcome: Outcome): Markup =>
  html`<span class="mark ${outcome}">${WORDS[outcome]}</span>`;

/** A heading names the section for screen readers; `id` is its anchor and must be unique in the page. */
export const section = (id: string, title: string, ...content: readonly Content[]): Markup => html`
<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>`;

export interface Column {
  readonly name: string;
  /** Numbers stand under each other, right-aligned. */
  readonly numeric?: boolean;
}

/** A table whose first cell of each row is its header. On a narrow screen it scrolls by itself, also by keyboard. */
export function table(
  label: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const kind = (at: number): string => (columns[at]?.numeric === true ? "n" : "");
  const head = columns.map(({ name }, at) => html`<th scope="col" class="${kind(at)}">${name}</th>`);
  const body = rows.map((cells) => {
    const filled = cells.map((cell, at) =>
      at === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind(at)}">${cell}</td>`,
    );
    return html`<tr>${filled}</tr>`;
  });
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export interface Fact {
  readonly name: string;
  readonly value: Content;
}

export const facts = (list: readonly Fact[], kind: "numbers" | "text" = "numbers"): Markup => html`
<dl class="facts${kind === "text" ? " text" : ""}">${list.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

export const figure = (caption: Content, drawing: Markup): Markup =>
  html`<figure><figcaption>${caption}</figcaption>${drawing}</figure>`;

// A page of ids is read by nobody; report.json holds the rest.
const IDS_SHOWN = 20;

/** The first ids; `total` may be larger than the list. */
export function idList(ids: readonly PointId[], total: number): Markup {
  const shown = ids.slice(0, IDS_SHOWN);
  const more = total - shown.length;
  return html`${shown.map((id, at) => html`${at > 0 ? " " : ""}<code>${id}</code>`)}${more > 0 ? ` and ${count(more)} more` : ""}`;
}
