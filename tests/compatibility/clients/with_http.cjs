// As functions on older Node.js and middy-like wrappers read: http.get with an agent that keeps its connection,
// and a few more tries where the extension is not ready.
const http = require("http");

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const token = process.env.AWS_SESSION_TOKEN;

function ask(path, shown = token) {
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      host: "localhost",
      port: process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT,
      path,
      headers: shown ? { "X-Aws-Parameters-Secrets-Token": shown } : {},
    };
    http
      .get(options, (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => (body += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode, body }));
      })
      .on("error", reject);
  });
}

async function read(path) {
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await ask(path);
    if (answer.body !== "not ready to serve traffic, please wait") return JSON.parse(answer.body);
  }
  throw new Error("not ready");
}

(async () => {
  const secrets = "/secretsmanager/get?secretId=";
  console.log(`secret=${(await read(`${secrets}dummy-string-secret`)).SecretString}`);
  const name = "%2Flambda-ext-test-param%2Fdummy-secure-string";
  const parameter = await read(`/systemsmanager/parameters/get/?name=${name}&withDecryption=true`);
  console.log(`parameter=${parameter.Parameter.Value}`);
  console.log(`binary=${(await read(`${secrets}dummy-binary-secret`)).SecretBinary}`);
  const missing = await ask(`${secrets}nope`);
  console.log(`missing=${missing.status} ${missing.body}`);
  const refused = await ask(`${secrets}dummy-string-secret`, "");
  console.log(`refused=${refused.status} ${refused.body}`);
  agent.destroy();
})();
