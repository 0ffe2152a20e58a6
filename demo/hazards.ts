// Memories that break careless migrations. Each is a raw JSON value of the key `content`; null leaves the key out.
import type { RawJson } from "../src/migration/ports.ts";

const text = (value: string): RawJson => JSON.stringify(value);

// Without text there is nothing to embed: these must be carried over all the same.
const withoutText: readonly (RawJson | null)[] = [
  text(""),
  text("   "),
  text("\n\t \u00a0"),
  "null",
  null,
  "42",
  "1.0",
  "true",
  "[]",
  '["two","parts"]',
  '{"text":"nested where a sentence should be"}',
  text("\u200b"),
];

const otherScripts: readonly RawJson[] = [
  "我们下周去京都看红叶,记得带上外婆的相机。",
  "她说她最喜欢的茶是龙井,不加糖。",
  "昨天晚上下了一整夜的雨,阳台上的花都倒了。",
  "أخبرتني أنها تحب القهوة بالهيل في الصباح الباكر.",
  "سنلتقي يوم الجمعة عند البحر، ولا تنسَ الكتاب.",
  "मुझे याद दिलाना कि माँ का जन्मदिन अगले रविवार है।",
  "कल रात हमने छत पर बैठकर तारे देखे।",
  "Η γιαγιά μου έφτιαχνε πάντα σπανακόπιτα τις Κυριακές.",
  "Θέλω να μάθω μπουζούκι πριν από το καλοκαίρι.",
  "Моя кошка спит на клавиатуре, когда я работаю.",
  "明日は六時に起きて、川沿いを走るつもりです。",
  "내일 병원 예약을 오후 세 시로 옮겨 줘.",
  "Grüße aus Köln – die Brötchen sind heute übrigens köstlich!",
  "👩‍👩‍👧‍👦 movie night again? 🍿🎬",
  "🏳️‍🌈🧑🏽‍🚀👍🏿",
  "cafe\u0301 and café are spelled in two ways on purpose",
  'a "quoted" memory with <b>markup</b> & a back\\slash\tand a tab',
].map(text);

const STORY = [
  "We walked along the harbour until the lamps came on and you told me about the lighthouse keeper.",
  "Later the rain set in, so we waited under the roof of the fish market and shared one umbrella home.",
  "My sister phoned to say that the train was late and that the keys were under the blue flower pot.",
  "In the evening we cooked lentil soup with lemon, too much pepper, and bread from the day before.",
  "You wanted to know why the garden gate squeaks, and I promised to oil it before the next visit.",
  "Before going to sleep we made a list of places to see: the old observatory, the caves, the salt works.",
];

/** `sentences` sentences, about 20 tokens each: 30 and more are beyond 512 tokens. */
function longText(sentences: number, secret: string): RawJson {
  const lines = Array.from({ length: sentences }, (_, n) => `Day ${n + 1}. ${STORY[n % STORY.length]}`);
  return text([...lines, secret].join(" "));
}

// The last sentence stands where an old model with 256 tokens, or even the new one with 512, never looks.
const tooLong: readonly RawJson[] = [
  longText(16, "The spare key of the boat house hangs behind the barometer."),
  longText(40, "The password of the old radio is the name of the dog."),
  longText(60, "Grandfather buried the time capsule below the third apple tree."),
  longText(90, "The violin belongs to Marta and must go back in May."),
  longText(140, "Nobody but the baker knows the recipe of the walnut cake."),
];

const SAME = text("good night, talk to you tomorrow!");

/** About 80 raw values of `content`. */
export const hazards: readonly (RawJson | null)[] = [
  ...withoutText,
  ...otherScripts,
  ...tooLong,
  ...Array.from({ length: 46 }, () => SAME),
];
