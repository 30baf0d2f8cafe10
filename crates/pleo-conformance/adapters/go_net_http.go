// A small client of Pleo's External API on Go's net/http, and the adapter that lets the conformance suite judge it:
//
//	pleo-conformance run --timeout 60 --client "go run crates/pleo-conformance/adapters/go_net_http.go"
//
// It speaks the protocol of docs/conformance-protocol.md. The client leaves company and scopes to its users.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// A call of the runner, as far as this client needs it.
type call struct {
	ID           uint64
	Type, Action string
	Environments map[string]struct {
		BaseURL string `json:"base_url"`
	}
	BaseURL    string `json:"base_url"`
	Credential struct{ Kind, Environment, Secret string }
	Operation  struct {
		Method, Path string
		MediaType    string `json:"media_type"`
	}
	Path  map[string]string
	Query []struct{ Name, Value string }
	Body  json.RawMessage // as it is: numbers keep all their digits
	Times int
}

var errUnsupported = errors.New("this client cannot do that")
var visible = regexp.MustCompile("^[!-~]+$")

// It keeps nothing of its users, so all sessions share it.
var client = http.Client{
	Timeout:       5 * time.Second,             // for a whole response; Go sets no limit
	Transport:     &http.Transport{Proxy: nil}, // the default one asks the environment for proxies
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// The value of an Authorization header.
func authorization(kind, secret string) (string, error) {
	isKey := strings.HasSuffix(kind, "_api_key")
	switch {
	case kind == "legacy_token":
		return "", errors.New("a legacy token does not work on the External API")
	case !isKey && kind != "access_token":
		return "", errUnsupported
	case !visible.MatchString(secret):
		return "", errors.New("a key or token has visible ASCII characters only")
	case isKey && strings.Contains(secret, ":"):
		return "", errors.New("an API key has no colon, which would end the user name")
	case isKey:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret+":")), nil
	}
	return "Bearer " + secret, nil
}

func encoded(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// Makes the request, or says why it is not in order.
func (c call) request(ownURL string) (*http.Request, error) {
	if strings.TrimSuffix(c.BaseURL, "/") != ownURL {
		return nil, errors.New("the credential is for another address than " + c.BaseURL)
	}
	address, separator := ownURL+c.Operation.Path, "?"
	for name, value := range c.Path {
		// URLs take the last two for steps in the hierarchy, however they are encoded.
		if value == "" || value == "." || value == ".." {
			return nil, errors.New(name + " cannot be a segment of a path")
		}
		address = strings.ReplaceAll(address, "{"+name+"}", encoded(value))
	}
	if strings.Contains(address, "{") {
		return nil, errors.New("a parameter of the path is missing")
	}
	for _, parameter := range c.Query {
		address += separator + encoded(parameter.Name) + "=" + encoded(parameter.Value)
		separator = "&"
	}
	request, err := http.NewRequest(c.Operation.Method, address, nil)
	if err != nil {
		return nil, err
	}
	if len(c.Body) > 0 && string(c.Body) != "null" {
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(c.Body)), int64(len(c.Body))
		request.Header.Set("Content-Type", "application/json")
		if c.Operation.MediaType != "" {
			request.Header.Set("Content-Type", c.Operation.MediaType)
		}
	}
	header, err := authorization(c.Credential.Kind, c.Credential.Secret)
	request.Header.Set("Authorization", header)
	request.Header.Set("Accept", "application/json")
	return request, err
}

type object = map[string]any

func (c call) answer(ownURL string) object {
	request, err := c.request(ownURL)
	if c.Action != "send" || c.Times > 1 {
		err = errUnsupported
	}
	if err != nil {
		unsupported := err == errUnsupported
		return object{"type": "refuse", "id": c.ID, "reason": err.Error(), "unsupported": unsupported}
	}
	shown := object{"log": c.Operation.Method + " " + c.Operation.Path}
	answer := object{}
	response, err := client.Do(request)
	if err == nil {
		answer["status"] = response.StatusCode
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if err != nil {
		answer, shown["error"] = object{"failure": err.Error()}, err.Error()
	}
	return object{"type": "result", "id": c.ID, "answers": []object{answer}, "shown": shown}
}

func main() {
	can := []string{"api_keys", "access_tokens", "environments", "sessions", "shown"}
	hello := object{"type": "hello", "protocol": 1, "name": "go", "version": runtime.Version(), "capabilities": can}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for own := (call{}).Environments; ; {
		var message call
		if in.Decode(&message) != nil || message.Type == "bye" {
			return
		} else if message.Type == "hello" {
			own = message.Environments
			out.Encode(hello)
		} else {
			out.Encode(message.answer(own[message.Credential.Environment].BaseURL))
		}
	}
}
