// As functions on newer Node.js read: the built-in fetch, which keeps its connections.
const port = process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT;
const headers = { "X-Aws-Parameters-Secrets-Token": process.env.AWS_SESSION_TOKEN };

async function read(path, options = { headers }) {
  const answer = await fetch(`http://localhost:${port}${path}`, options);
  if (!answer.ok) return `${answer.status} ${await answer.text()}`;
  return answer.json();
}

const secrets = "/secretsmanager/get?secretId=";
const name = encodeURIComponent("/lambda-ext-test-param/dummy-secure-string");
// At the same time, as Promise.all in a handler's static code does.
const [secret, parameter, binary] = await Promise.all([
  read(`${secrets}dummy-string-secret`),
  read(`/systemsmanager/parameters/get?name=${name}&withDecryption=true`),
  read(`${secrets}dummy-binary-secret`),
]);
console.log(`secret=${secret.SecretString}`);
console.log(`parameter=${parameter.Parameter.Value}`);
console.log(`binary=${binary.SecretBinary}`);
console.log(`missing=${await read(`${secrets}nope`)}`);
console.log(`refused=${await read(`${secrets}dummy-string-secret`, {})}`);
