// Texts as a chat memory holds them: a sentence or a few, some of them long. Seeded: the same on every machine.
import { type Random, seeded } from "../test/support/random.ts";

const SENTENCES = `I went to the support group yesterday and it was so powerful.
Do you remember when we talked about moving to the coast?
My sister said she would bring the kids on {day}, if the weather holds.
I have been painting again, mostly {thing}, and it helps me to relax after work.
The doctor told me to drink less coffee, which is harder than it sounds!
We finally finished the {thing} for the school fair; it took three evenings.
Can you remind me to call {name} about the invoice before {day}?
Honestly, I did not expect {name} to apologise, but it meant a lot to me.
That reminds me of the summer we spent by the lake, before {name} was born.
I'm thinking of applying for the position in {place}, although the commute would be long.
Last night's game was unbelievable, 3-2 in the last minute.
Thank you for listening. It's been a hard couple of weeks since the operation.
What was the name of that restaurant in {place}, the one with the terrace?
The kids loved the museum, especially the dinosaurs and the {thing}.
I read the book you recommended; the ending surprised me.
{name} wants to adopt a dog, but our flat is rather small.
I'd rather have my meetings in the morning, and never on {day}.
It costs about $40 a month, and you can cancel whenever you like.
We hiked for six hours and saw an eagle, two deer and a very confused tourist.
My grandmother's recipe says to let the dough rest overnight.`.split("\n");
const SLOTS: Readonly<Record<string, readonly string[]>> = {
  day: ["Monday", "Tuesday", "Thursday", "Saturday", "New Year's Eve"],
  name: ["Caroline", "Melanie", "Jon", "Gina", "Priya", "Müller", "Tomasz"],
  place: ["Lisbon", "Zürich", "Kyoto", "Austin", "the old town"],
  thing: ["landscapes", "pottery bowls", "costumes", "birdhouses", "watercolours", "stained glass"],
};

const sentence = (random: Random): string =>
  random.pick(SENTENCES).replace(/\{(\w+)\}/g, (_, slot: string) => random.pick(SLOTS[slot] ?? [slot]));

/** Sentences of a text: one to eight mostly, one text in fifty is a page. */
function sentencesOf(random: Random): number {
  if (random.int(50) === 0) return 30 + random.int(20);
  return 1 + random.int(2 + random.int(8));
}

export function chatTexts(count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: sentencesOf(random) }, () => sentence(random)).join(" "),
  );
}
