// As typed clients in Go read: net/http, and structs that say what each field is. An unknown field, a number where a
// string is due or the other way round is an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

type secret struct {
	ARN            string
	CreatedDate    time.Time
	Name           string
	SecretBinary   []byte
	SecretString   *string
	VersionId      string
	VersionStages  []string
	ResultMetadata struct{}
}

type parameter struct {
	Parameter struct {
		ARN              string
		DataType         *string
		LastModifiedDate time.Time
		Name             string
		Selector         *string
		SourceResult     *string
		Type             string
		Value            *string
		Version          int64
	}
	ResultMetadata struct{}
}

// The Secrets Manager Agent's own document.
type agentSecret struct {
	ARN           string
	Name          string
	VersionId     string
	SecretString  string
	SecretBinary  []byte
	VersionStages []string
	CreatedDate   json.Number `json:",string"`
}

func ask(path, header, token string) (int, []byte) {
	base := "http://localhost:" + os.Getenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT")
	request, err := http.NewRequest(http.MethodGet, base+path, nil)
	check(err)
	request.Header.Set(header, token)
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	return answer.StatusCode, body
}

func read(path, header string, into any) {
	status, body := ask(path, header, os.Getenv("AWS_SESSION_TOKEN"))
	if status != http.StatusOK {
		panic(fmt.Sprint(status))
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	check(decoder.Decode(into))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	const header = "X-Aws-Parameters-Secrets-Token"
	const secrets = "/secretsmanager/get?secretId="
	var text, binary secret
	read(secrets+"dummy-string-secret", header, &text)
	read(secrets+"dummy-binary-secret", header, &binary)
	var found parameter
	name := url.QueryEscape("/lambda-ext-test-param/dummy-secure-string")
	read("/systemsmanager/parameters/get/?name="+name+"&withDecryption=true", header, &found)
	var agents agentSecret
	read("/v1/dummy-string-secret", "X-Vault-Token", &agents)
	if !text.CreatedDate.Equal(time.UnixMilli(1668586960499)) || text.SecretBinary != nil || binary.SecretString != nil {
		panic("not what it should be")
	}
	fmt.Println("secret=" + *text.SecretString)
	fmt.Println("parameter=" + *found.Parameter.Value)
	fmt.Printf("binary=%q\n", binary.SecretBinary)
	fmt.Println("agent=" + agents.SecretString + " " + agents.CreatedDate.String())
	status, body := ask(secrets+"nope", header, os.Getenv("AWS_SESSION_TOKEN"))
	fmt.Printf("missing=%d %s\n", status, body)
	status, body = ask(secrets+"dummy-string-secret", header, "wrong")
	fmt.Printf("refused=%d %s\n", status, body)
}
