// Stoplight Prism over each OpenAPI document of a folder, each on a free port of this machine. It answers a request
// that its document does not allow with 422, or 401 where the credential is wrong, and says what is wrong. It answers
// every other request with an example, which is not judged.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "@stoplight/prism-core";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { createServer } from "@stoplight/prism-http-server";
import { ready } from "../judge.js";

const [folder] = process.argv.slice(2);
const config = {
  checkSecurity: true,
  errors: true,
  isProxy: false,
  mock: { dynamic: false },
  validateRequest: true,
  validateResponse: false,
};

/**
 * The responses that stand for success. Where a document describes a refusal, Prism would answer with that and keep
 * its reasons to itself; and it cannot answer with a `default` that has no example.
 */
function successes(responses) {
  const described = responses.filter(({ code }) => !/^[45]/.test(code));
  return described.map((response) => (response.code === "default" ? { ...response, code: "200" } : response));
}

const addresses = {};
for (const document of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
  const operations = await getHttpOperationsFromSpec(join(folder, document));
  for (const operation of operations) operation.responses = successes(operation.responses);
  const logger = createLogger("prism", { level: "silent" });
  const server = createServer(operations, { components: { logger }, config, cors: false });
  addresses[document] = await server.listen(0, "127.0.0.1");
}
ready(addresses);
