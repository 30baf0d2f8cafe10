#!/bin/sh
# A client of Pleo's External API made of curl and jq, for the conformance suite:
#
#   cargo run --bin pleo-conformance -- run --client "sh crates/pleo-conformance/adapters/curl.sh"
#
# jq reads the runner's messages and decides: it prints an answer, or the configuration of a curl call, which curl
# gets on its standard input. So no secret ever stands on a command line, where every user of the machine sees it.
# The protocol is described in docs/conformance-protocol.md.
set -eu

# A few lines for each message: `answer` and the answer, or `send`, the call's number, what the log says as a JSON
# string, options for curl and an empty line.
# shellcheck disable=SC2016 # The dollar signs are jq's.
decide='
def refuse($reason): error({reason: $reason});
def unsupported($reason): error({reason: $reason, unsupported: true});

# Text that goes into a header as it is.
def visible: explode | length > 0 and all(. > 32 and . < 127);

# A credential is for the addresses of the environment where it was made.
def base_url($hello):
  .credential.environment as $environment
  | $hello.environments[$environment].base_url as $own
  | if $own == null then refuse("there is no environment \($environment)") else . end
  | if (.base_url | rtrimstr("/")) == ($own | rtrimstr("/")) then .base_url | rtrimstr("/")
    else refuse("a credential of \($environment) is for \($own) and goes nowhere else") end;

def authorization:
  .credential
  | (.secret // "") as $secret
  | if .kind == "standalone_api_key" or .kind == "integrated_api_key" then
      # A colon would end the user name (RFC 7617, section 2).
      if ($secret | visible | not) or ($secret | contains(":"))
      then refuse("an API key has visible ASCII characters only, and no colon") else . end
      | "Basic " + ($secret + ":" | @base64)
    elif .kind == "access_token" then
      if $secret | visible then "Bearer " + $secret
      else refuse("an access token has visible ASCII characters only") end
    elif .kind == "legacy_token" then refuse("a legacy token does not work on the External API")
    else unsupported("no credential of the kind \(.kind)") end;

def check_scopes:
  ((.operation.scopes // []) - (.credential.scopes // .operation.scopes // [])) as $missing
  | if $missing == [] then . else refuse("the credential lacks \($missing | join(" "))") end;

# Puts the company where the operation takes it, unless it is there. The path, too, may name the bound company only.
def with_company:
  .company as $bound
  | .operation.company as $place
  | (if $place == null then [] elif $place.in == "query" then [.query[]? | select(.name == $place.name).value]
     else [.body | objects | .[$place.name] | values] end) as $named
  | [$named[], (.path.companyId | values) | tostring | ascii_downcase] as $all
  | if ($named | length) > 1 then refuse("a request is for one company")
    elif $bound != null and $all - [$bound | ascii_downcase] != []
    then refuse("the request is for another company than the client")
    elif $place == null or $named != [] then .
    elif $bound == null then if $place.required then refuse("the operation needs a company") else . end
    elif $place.in == "query" then .query += [{name: $place.name, value: $bound}]
    elif .body | type | IN("null", "object") then .body[$place.name] = $bound
    else refuse("the company goes into the body, which is not an object") end;

def path:
  reduce ((.path // {}) | to_entries[]) as $parameter (.operation.path;
    # Such a value would lead to another operation.
    if [$parameter.value] | inside(["", ".", ".."])
    then refuse("\($parameter.key) cannot stand in a path")
    else split("{\($parameter.key)}") | join($parameter.value | @uri) end)
  | if contains("{") then refuse("a parameter of the path is missing") else . end;

def query:
  [.query[]? | "\(.name | @uri)=\(.value | @uri)"]
  | if . == [] then "" else "?" + join("&") end;

# A value of an option of curl.
def quoted: "\"" + (split("\\") | join("\\\\") | split("\"") | join("\\\"")) + "\"";

def request($hello):
  base_url($hello) as $base_url
  | authorization as $authorization
  | check_scopes
  | with_company
  | (.operation.media_type // "application/json") as $media_type
  | "send", .id, ("\(.operation.method) \(.operation.path)" | tojson),
    "request = \(.operation.method | quoted)",
    "url = \($base_url + path + query | quoted)",
    "header = \("Authorization: \($authorization)" | quoted)",
    "max-time = \((.time_limit_ms // 5000) / 1000)",
    "header = \"Accept: application/json\"",
    if .body != null then "header = \("Content-Type: \($media_type)" | quoted)", "data-raw = \(.body | tojson | quoted)"
    elif .operation.method == "GET" then empty
    # Nothing, and a length that says so.
    else "header = \"Content-Type:\"", "data-raw = \"\"" end,
    "";

def call($hello):
  . as $call
  | try
      # All of the request, or none of it.
      ([if .action != "send" then unsupported("no \(.action)")
        elif .times > 1 then unsupported("one request at a time")
        else request($hello) end] | .[])
    catch
      if type != "object" then error
      else "answer", ({type: "refuse", id: $call.id, shown: {error: .reason}} + . | tojson) end;

label $done
| foreach inputs as $message (null;
    if $message.type == "hello" then $message else . end;
    . as $hello
    | $message
    | if .type == "hello" then "answer", ({
        type: "hello", protocol: 1, name: "curl", version: "1",
        capabilities: ["api_keys", "access_tokens", "environments", "companies", "scopes", "sessions", "shown",
          "time_limits"]
      } | tojson)
      elif .type == "call" then call($hello)
      else break $done end)
'

# curl follows no redirect unless it is told to. A configuration or proxy of the user is none of ours.
send() {
  printf '%s\n' "$1" | curl --disable --config - --noproxy '*' --proto '=http,https' --silent --show-error \
    --output /dev/null --write-out '%{http_code}' 2>&1
}

jq --unbuffered --null-input --raw-output "$decide" | while IFS= read -r what; do
  case $what in
  answer)
    IFS= read -r answer
    printf '%s\n' "$answer"
    ;;
  send)
    IFS= read -r id
    IFS= read -r log
    # The lines up to an empty one.
    options=$(while IFS= read -r line && [ -n "$line" ]; do printf '%s\n' "$line"; done)
    if outcome=$(send "$options"); then
      printf '{"type":"result","id":%s,"answers":[{"status":%s}],"shown":{"log":%s}}\n' "$id" "$outcome" "$log"
    else
      # shellcheck disable=SC2016 # The dollar signs are jq's.
      jq --null-input --compact-output --argjson id "$id" --argjson log "$log" --arg error "$outcome" \
        '{type: "result", id: $id, answers: [{failure: $error}], shown: {log: $log, error: $error}}'
    fi
    ;;
  esac
done
