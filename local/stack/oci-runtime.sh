#!/bin/sh
# runc without resource limits: a sandbox may forbid to raise them, and then no container starts.
bundle=""
previous=""
for argument in "$@"; do
  case "$previous" in --bundle | -b) bundle="$argument" ;; esac
  case "$argument" in --bundle=*) bundle="${argument#--bundle=}" ;; esac
  previous="$argument"
done
if [ -n "$bundle" ]; then
  node -e '
    const { readFileSync, writeFileSync } = require("node:fs");
    const file = `${process.argv[1]}/config.json`;
    const { process: { rlimits, ...rest }, ...config } = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...config, process: rest }));
  ' "$bundle"
fi
exec runc "$@"
