#!/usr/bin/env node
// Starts the program of this platform, which is in a package of its own: npm installs the one that fits.
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");
const tty = require("node:tty");

/** The path of the program; ends with an error where there is none for this platform. */
function program() {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@onerow/${platform}`;
  const known = Object.keys(require("../package.json").optionalDependencies);
  if (!known.includes(name)) {
    fail(
      `there is no package of onerow for ${platform}`,
      `build it with cargo from source; there are packages for ${known.map((each) => each.replace("@onerow/", "")).join(", ")}`,
    );
  }
  try {
    return require.resolve(`${name}/bin/onerow${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    fail(
      `the package ${name} is not installed`,
      "install onerow again without `--omit=optional` and `--no-optional`, on the platform where it runs",
    );
  }
}

function fail(message, help) {
  console.error(`error: ${message}\n  help: ${help}`);
  process.exit(1);
}

const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });

// This process stays until onerow has ended. A terminal sends Ctrl-C to both, so it is not passed on there: a second
// one would end onerow at once. Without a terminal it reaches this process alone, as the others do.
const inTerminal = [0, 1, 2].some((stream) => tty.isatty(stream));
process.on("SIGINT", () => inTerminal || child.kill("SIGINT"));
for (const signal of ["SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}

child.on("error", (error) => fail(`onerow cannot be started: ${error.message}`, "install the package again"));
child.on("exit", (code, signal) => {
  process.exit(signal === null ? code : 128 + os.constants.signals[signal]);
});
