import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { drawWorkflow, PICTURE } from "../../infra/picture.ts";
import { ROOT } from "./synthesized.ts";

test("the picture of the workflow in the documentation is drawn from the definition as it is", async () => {
  const picture = readFileSync(PICTURE, "utf8");

  assert.equal(picture, await drawWorkflow(), "docs/pictures/workflow.svg is out of date: npm run picture");
  const { Collections } = JSON.parse(readFileSync(join(ROOT, "infra/workflow.asl.json"), "utf8")).States;
  for (const state of Object.keys(Collections.ItemProcessor.States))
    assert.ok(picture.includes(`>${state}</text>`), state);
});
