// The adapter opened against a server that answers what a test says.
import { openQdrant } from "../../src/qdrant/client.ts";
import { type Asked, type GivenAnswer, startAnswers } from "./answers.ts";

export const ROOT = '{"title":"qdrant - vector search engine","version":"1.19.0","commit":"x"}';
export const COMPLETED = '{"result":{"operation_id":1,"status":"completed"},"status":"ok"}';
export const failed = (status: number, error: string): GivenAnswer => ({
  status,
  body: JSON.stringify({ status: { error }, time: 0 }),
});

export async function openAgainst(answer: (asked: Asked, index: number) => GivenAnswer) {
  const server = await startAnswers((asked, index) =>
    // Limits are asked for once a collection; tests answer only what they are about.
    asked.method === "GET" && asked.path === "/collections/c"
      ? { body: '{"result":{"status":"green","optimizer_status":"ok","config":{}},"status":"ok"}' }
      : answer(asked, index),
  );
  const slept: number[] = [];
  const qdrant = openQdrant({
    url: server.url,
    apiKey: async () => "secret-key",
    sleep: async (ms) => void slept.push(ms),
    random: () => 0.5,
  });
  return { server, qdrant, slept };
}

export const point = (id: string) => ({ id, payload: "{}", vectors: "[1]" });
