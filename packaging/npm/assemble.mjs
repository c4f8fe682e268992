#!/usr/bin/env node
// Puts the npm packages together from programs that are built already, one package for each platform and
// `onerow`, which starts the one that fits:
//
//   packaging/npm/assemble.mjs OUT TARGET=PROGRAM...
//   packaging/npm/assemble.mjs dist/npm x86_64-unknown-linux-musl=target/x86_64-unknown-linux-musl/release/onerow
//
// Version, description and licence are those of Cargo.toml. `onerow` always depends on the packages of all
// platforms, so publish it when they are all there.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const platforms = JSON.parse(readFileSync(join(here, "platforms.json"), "utf8"));

function fail(message, help) {
  console.error(`error: ${message}\n  help: ${help}`);
  process.exit(2);
}

/** What Cargo.toml says of the package. */
function manifest() {
  const words = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
  const text = execFileSync("cargo", words, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return JSON.parse(text).packages.find((each) => each.name === "onerow");
}

const [out, ...given] = process.argv.slice(2);
if (!out || given.length === 0) {
  fail("OUT and TARGET=PROGRAM are missing", "packaging/npm/assemble.mjs OUT TARGET=PROGRAM...");
}
const programs = given.map((word) => {
  const at = word.indexOf("=");
  const [target, path] = [word.slice(0, at), word.slice(at + 1)];
  const platform = platforms.find((each) => each.target === target);
  if (at < 1 || !platform) {
    fail(`${word}: no platform of npm is built for this target`, `targets: ${platforms.map((each) => each.target).join(", ")}`);
  }
  if (!existsSync(path)) {
    fail(`${path}: there is no such file`, `build it: cargo build --release --locked --target ${target}`);
  }
  return { platform, path };
});

const cargo = manifest();
const shared = {
  version: cargo.version,
  license: cargo.license,
  // The publisher's to fill in, in Cargo.toml.
  ...(cargo.repository && { repository: { type: "git", url: cargo.repository } }),
  ...(cargo.homepage && { homepage: cargo.homepage }),
};
const nameOf = ({ os, cpu }) => `@onerow/${os}-${cpu}`;

function write(folder, json) {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    copyFileSync(join(root, name), join(folder, name));
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(json, null, 2)}\n`);
  console.log(folder);
}

for (const { platform, path } of programs) {
  const folder = join(out, `${platform.os}-${platform.cpu}`);
  const program = join(folder, "bin", platform.os === "win32" ? "onerow.exe" : "onerow");
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(path, program);
  chmodSync(program, 0o755);
  const text = `# ${nameOf(platform)}\n\nThe program of the package onerow for ${platform.os} on ${platform.cpu}.\n`;
  writeFileSync(join(folder, "README.md"), text);
  write(folder, {
    name: nameOf(platform),
    ...shared,
    description: `The program of onerow for ${platform.os} on ${platform.cpu}`,
    os: [platform.os],
    cpu: [platform.cpu],
    files: ["bin"],
    preferUnplugged: true,
    publishConfig: { access: "public" },
  });
}

const folder = join(out, "onerow");
cpSync(join(here, "onerow"), folder, { recursive: true });
chmodSync(join(folder, "bin", "onerow.js"), 0o755);
write(folder, {
  name: "onerow",
  ...shared,
  description: cargo.description,
  keywords: cargo.keywords,
  bin: { onerow: "bin/onerow.js" },
  files: ["bin"],
  engines: { node: ">=18" },
  optionalDependencies: Object.fromEntries(platforms.map((each) => [nameOf(each), cargo.version])),
  publishConfig: { access: "public" },
});
