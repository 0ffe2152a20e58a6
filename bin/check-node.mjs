// Says in one sentence that this Node is too old, before a program fails on something else. Runs on any Node.
const NODE_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR) {
  process.stderr.write(
    `Error: Remaster needs Node ${NODE_MAJOR} or newer, this is ${process.version}. \`npm install\` brings one on Linux; start through npm (npm start, npm test, npx remaster), or install Node ${NODE_MAJOR}.\n`,
  );
  process.exit(2);
}
