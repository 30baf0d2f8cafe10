// Reads the JSON Schemas that it is given in ajv's strict mode, and says what is wrong with each.

import { readFileSync } from "node:fs";

import Ajv from "ajv/dist/2020.js";

import { ready } from "../judge.js";

function verdict(path) {
  try {
    new Ajv({ strict: true }).compile(JSON.parse(readFileSync(path, "utf8")));
    return "valid";
  } catch (error) {
    return error.message;
  }
}

ready(Object.fromEntries(process.argv.slice(2).map((path) => [path, verdict(path)])));
