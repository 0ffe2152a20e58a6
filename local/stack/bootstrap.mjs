// A client of the Lambda Runtime API, as AWS's base images have one: loads the handler once, then asks for work for
// ever. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//   node bootstrap.mjs <path/to/file>.<export>
import { existsSync } from "node:fs";
import { join } from "node:path";

const name = process.argv[2] ?? "";
const dot = name.lastIndexOf(".");
const root = process.env.LAMBDA_TASK_ROOT ?? "/var/task";
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

async function post(path, value) {
  await fetch(`${api}/${path}`, { method: "POST", body: JSON.stringify(value ?? null) });
}

const errorOf = (error) => ({
  errorType: error?.name ?? "Error",
  errorMessage: error?.message ?? String(error),
  trace: String(error?.stack ?? "").split("\n"),
});

async function load() {
  try {
    // Bundled in an image; the source itself on one machine.
    const files = [".mjs", ".ts"].map((extension) => join(root, `${name.slice(0, dot)}${extension}`));
    const module = await import(files.find(existsSync) ?? files[0]);
    return module[name.slice(dot + 1)];
  } catch (error) {
    await post("init/error", errorOf(error));
    throw error;
  }
}

const handler = await load();

/** The next invocation, however late it comes: `fetch` gives up after five minutes without an answer. */
async function nextInvocation() {
  for (;;) {
    try {
      return await fetch(`${api}/invocation/next`);
    } catch (error) {
      if (error.cause?.code !== "UND_ERR_HEADERS_TIMEOUT") throw error;
    }
  }
}

for (;;) {
  const next = await nextInvocation();
  const awsRequestId = next.headers.get("lambda-runtime-aws-request-id");
  const deadline = Number(next.headers.get("lambda-runtime-deadline-ms"));
  const event = await next.json();
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    await post(`invocation/${awsRequestId}/response`, await handler(event, context));
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, errorOf(error));
  }
}
