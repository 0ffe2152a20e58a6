// A process of its own that writes to a ledger in a folder: `count <folder> <times>` or `fill <folder> <round>`.
import { openFolderLedger } from "../../src/ledger/folder.ts";

const [, , work, folder = "", argument = ""] = process.argv;
const ledger = openFolderLedger(folder);

if (work === "count") {
  for (let added = 0; added < Number(argument); ) {
    const found = await ledger.read("count.json");
    if (found === null) throw new Error("count.json is missing");
    if (await ledger.replace("count.json", String(Number(found.body) + 1), found.version)) added++;
  }
} else {
  const body = "x".repeat(100_000);
  for (let number = 0; number < 10_000; number++) {
    await ledger.create(`${argument}/${number}.json`, body);
    const found = await ledger.read(`${argument}/0.json`);
    if (found !== null) await ledger.replace(`${argument}/0.json`, body, found.version);
    if (number === 10) process.send?.("at work");
  }
}
