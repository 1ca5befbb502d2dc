// As typed clients in Rust read: every field has its type, is there, and null only where it may be. Without crates: a
// small strict JSON reader stands for serde's, a socket for the HTTP client.
use std::collections::BTreeMap;
use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;

#[derive(Debug)]
enum Json {
    Null,
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn expect(&mut self, text: &str) {
        self.rest = self.rest.strip_prefix(text).unwrap_or_else(|| panic!("{text} is due before {}", self.rest));
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.starts_with(text);
        if found {
            self.expect(text);
        }
        found
    }

    // Compact JSON only: a blank anywhere between tokens is an error.
    fn value(&mut self) -> Json {
        match self.rest.chars().next().expect("a value") {
            'n' => {
                self.expect("null");
                Json::Null
            }
            '"' => Json::Text(self.text()),
            '[' => {
                self.expect("[");
                let mut items = Vec::new();
                while !self.take("]") {
                    if !items.is_empty() {
                        self.expect(",");
                    }
                    items.push(self.value());
                }
                Json::List(items)
            }
            '{' => {
                self.expect("{");
                let mut members = BTreeMap::new();
                while !self.take("}") {
                    if !members.is_empty() {
                        self.expect(",");
                    }
                    let name = self.text();
                    self.expect(":");
                    let value = self.value();
                    assert!(members.insert(name, value).is_none(), "a key comes twice");
                }
                Json::Object(members)
            }
            _ => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).expect("an end");
                let number = self.rest[..end].parse().expect("a whole number");
                self.rest = &self.rest[end..];
                Json::Number(number)
            }
        }
    }

    fn text(&mut self) -> String {
        self.expect("\"");
        let end = self.rest.find('"').expect("the end of a string");
        let text = self.rest[..end].to_string();
        assert!(!text.contains('\\'), "nothing here needs an escape");
        self.rest = &self.rest[end + 1..];
        text
    }
}

struct Fields(BTreeMap<String, Json>);

impl Fields {
    fn of(body: &str) -> Fields {
        let mut reader = Reader { rest: body };
        let value = reader.value();
        assert_eq!("", reader.rest, "something follows");
        Fields::from(value)
    }

    fn from(value: Json) -> Fields {
        match value {
            Json::Object(members) => Fields(members),
            other => panic!("an object is due, not {other:?}"),
        }
    }

    fn take(&mut self, name: &str) -> Json {
        self.0.remove(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    fn text(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| panic!("{name} is null"))
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Json::Null => None,
            Json::Text(text) => Some(text),
            other => panic!("{name} is {other:?}"),
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "unknown fields: {:?}", self.0.keys());
    }
}

struct Secret {
    text: Option<String>,
    binary: Option<String>,
}

fn secret(body: &str) -> Secret {
    let mut fields = Fields::of(body);
    for name in ["ARN", "CreatedDate", "Name", "VersionId"] {
        fields.text(name);
    }
    match fields.take("VersionStages") {
        Json::List(stages) => assert!(matches!(&stages[..], [Json::Text(stage)] if stage == "AWSCURRENT")),
        other => panic!("VersionStages is {other:?}"),
    }
    let found = Secret { text: fields.optional("SecretString"), binary: fields.optional("SecretBinary") };
    Fields::from(fields.take("ResultMetadata")).end();
    fields.end();
    found
}

fn parameter(body: &str) -> String {
    let mut answer = Fields::of(body);
    let mut fields = Fields::from(answer.take("Parameter"));
    for name in ["ARN", "LastModifiedDate", "Name", "Type"] {
        fields.text(name);
    }
    for name in ["DataType", "Selector", "SourceResult"] {
        fields.optional(name);
    }
    assert!(matches!(fields.take("Version"), Json::Number(1)));
    let value = fields.text("Value");
    fields.end();
    Fields::from(answer.take("ResultMetadata")).end();
    answer.end();
    value
}

fn agent_secret(body: &str) -> String {
    let mut fields = Fields::of(body);
    for name in ["ARN", "Name", "VersionId"] {
        fields.text(name);
    }
    assert!(matches!(fields.take("VersionStages"), Json::List(_)));
    let found = format!("{} {}", fields.text("SecretString"), fields.text("CreatedDate"));
    fields.end();
    found
}

fn ask(path: &str, header: &str, token: &str) -> (String, String) {
    let port = env::var("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT").unwrap();
    let mut socket = TcpStream::connect(format!("localhost:{port}")).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n{header}: {token}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.split(' ').nth(1).expect("a status").to_string(), body.to_string())
}

fn main() {
    let token = env::var("AWS_SESSION_TOKEN").unwrap();
    let read = |path: &str| ask(path, "x-aws-parameters-secrets-token", &token);
    let secrets = "/secretsmanager/get?secretId=";
    println!("secret={}", secret(&read(&format!("{secrets}dummy-string-secret")).1).text.unwrap());
    let name = "%2Flambda-ext-test-param%2Fdummy-secure-string";
    let found = read(&format!("/systemsmanager/parameters/get?name={name}&withDecryption=true")).1;
    println!("parameter={}", parameter(&found));
    println!("binary={}", secret(&read(&format!("{secrets}dummy-binary-secret")).1).binary.unwrap());
    println!("agent={}", agent_secret(&ask("/v1/dummy-string-secret", "x-vault-token", &token).1));
    let (status, body) = read(&format!("{secrets}nope"));
    println!("missing={status} {body}");
    let (status, body) = ask(&format!("{secrets}dummy-string-secret"), "x-aws-parameters-secrets-token", "wrong");
    println!("refused={status} {body}");
}
