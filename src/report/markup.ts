/** Text that is HTML already. Everything else is escaped when it is put into `html`. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// C0 controls but tab and newline, and the marks that turn the direction of what follows: a collection named with
// them could make the page show another name than the one it is about.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is being replaced
const UNSHOWABLE = /[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g;

/** Safe in HTML text and in quoted attributes. Lone surrogates become U+FFFD, so that the page stays valid UTF-8. */
export const escapeText = (text: string): string =>
  text
    .toWellFormed()
    .replace(UNSHOWABLE, "\ufffd")
    .replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);

function render(content: Content): string {
  if (content === null) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "string" || typeof content === "number") return escapeText(String(content));
  return content.map(render).join("");
}

/** Template of HTML: what is inserted is escaped unless it is Markup; null is nothing, lists are joined. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(parts.map((part, n) => part + render(contents[n] ?? null)).join(""));
}
