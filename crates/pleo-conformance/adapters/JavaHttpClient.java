// A small client of Pleo's External API on the JDK's HttpClient (JDK 17 or later), and the adapter that lets the
// conformance suite judge it. The client leaves the company to its users.
//
//   pleo-conformance run --timeout 60 --client "java crates/pleo-conformance/adapters/JavaHttpClient.java"
//
// First comes the client, then the protocol of docs/conformance-protocol.md, then JSON, which the JDK cannot read.

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNullElse;

import java.io.*;
import java.math.BigDecimal;
import java.net.*;
import java.net.http.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;
import java.util.stream.*;

@SuppressWarnings("unchecked")
class JavaHttpClient {
    // It keeps nothing of its users, so all sessions share it. For HTTP/2 it would add headers to a request.
    static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NEVER).proxy(HttpClient.Builder.NO_PROXY).build();

    /** What is not in order is refused before anything is sent. */
    static void require(boolean isInOrder, String otherwise) {
        if (!isInOrder) throw new IllegalArgumentException(otherwise);
    }

    static String authorization(String kind, String secret) {
        require(!kind.equals("legacy_token"), "a legacy token does not work on the External API");
        boolean isKey = kind.endsWith("_api_key");
        if (!isKey && !kind.equals("access_token")) throw new UnsupportedOperationException("no " + kind);
        require(secret != null && secret.matches("[!-~]+"), "a key or token has visible ASCII characters only");
        require(!isKey || !secret.contains(":"), "an API key has no colon, which would end the user name");
        String basic = Base64.getEncoder().encodeToString((secret + ":").getBytes(UTF_8));
        return isKey ? "Basic " + basic : "Bearer " + secret;
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }

    static String target(String template, Map<String, String> path, List<Map<String, String>> query) {
        for (var parameter : path.entrySet()) {
            // URLs take the last two for steps in the hierarchy, however they are encoded.
            require(!Set.of("", ".", "..").contains(parameter.getValue()), "a value is not a segment of a path");
            template = template.replace("{" + parameter.getKey() + "}", encoded(parameter.getValue()));
        }
        require(!template.contains("{"), "a parameter of the path is missing");
        var pairs = query.stream().map(each -> encoded(each.get("name")) + "=" + encoded(each.get("value")));
        return template + (query.isEmpty() ? "" : "?" + pairs.collect(Collectors.joining("&")));
    }

    static Map<String, Map<String, String>> environments;

    static Map<String, ?> answer(Map<String, ?> message) {
        if (message.get("type").equals("hello")) {
            environments = (Map<String, Map<String, String>>) message.get("environments");
            var can = List.of("api_keys", "access_tokens", "environments", "sessions", "shown");
            var version = System.getProperty("java.version");
            return Map.of("type", "hello", "protocol", 1, "name", "java", "version", version, "capabilities", can);
        }
        var shown = new HashMap<String, String>();
        try {
            var answers = List.of(send(message, shown));
            return Map.of("type", "result", "id", message.get("id"), "answers", answers, "shown", shown);
        } catch (IllegalArgumentException | UnsupportedOperationException refused) {
            boolean isUnsupported = refused instanceof UnsupportedOperationException;
            shown.put("error", refused.toString());
            return Map.of("type", "refuse", "id", message.get("id"), "reason", refused.getMessage(),
                "unsupported", isUnsupported, "shown", shown);
        }
    }

    static Map<String, ?> send(Map<String, ?> call, Map<String, String> shown) {
        boolean isOne = call.get("action").equals("send") && List.of("null", "1").contains("" + call.get("times"));
        if (!isOne) throw new UnsupportedOperationException("no OAuth, and one request at a time");
        var credential = (Map<String, String>) call.get("credential");
        String base = ((String) call.get("base_url")).replaceFirst("/$", "");
        var own = environments.getOrDefault(credential.get("environment"), Map.of());
        require(base.equals(own.get("base_url")), "the credential is for another address than " + base);
        String authorization = authorization(credential.get("kind"), credential.get("secret"));
        var operation = (Map<String, String>) call.get("operation");
        var query = (List<Map<String, String>>) requireNonNullElse(call.get("query"), List.of());
        var path = (Map<String, String>) requireNonNullElse(call.get("path"), Map.of());
        var uri = URI.create(base + target(operation.get("path"), path, query));
        var body = call.get("body") == null ? null : json(call.get("body"));
        var content = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(uri).method(operation.get("method"), content)
            .header("Authorization", authorization).header("Accept", "application/json");
        var mediaType = requireNonNullElse(operation.get("media_type"), "application/json");
        if (body != null) request.header("Content-Type", mediaType);
        shown.put("log", operation.get("method") + " " + operation.get("path"));
        try {
            var response = HTTP.sendAsync(request.build(), HttpResponse.BodyHandlers.discarding());
            // The JDK sets no limit, and one of the request itself would end with the headers of the response.
            return Map.of("status", response.orTimeout(5, TimeUnit.SECONDS).join().statusCode());
        } catch (CompletionException failed) {
            shown.put("error", failed.toString());
            return Map.of("failure", failed.getCause().toString());
        }
    }

    public static void main(String[] arguments) throws IOException {
        // Both streams are UTF-8, whatever the system's encoding is.
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            var tokens = TOKEN.matcher(line).results().map(MatchResult::group).iterator();
            var message = (Map<String, ?>) value(tokens.next(), tokens);
            if (message.get("type").equals("bye")) break;
            out.print(json(answer(message)) + "\n");
        }
        System.exit(0); // the client's threads would go on
    }

    // JSON: objects are maps, arrays are lists, and numbers keep all their digits.

    static final Pattern TOKEN = Pattern.compile("\"(?:[^\"\\\\]++|\\\\.)*+\"|[{}\\[\\]]|[^{}\\[\\]\"\\s,:]+");
    static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(....)|.)");

    static Object value(String token, Iterator<String> rest) {
        var items = new ArrayList<>();
        var members = new LinkedHashMap<>();
        switch (token.charAt(0)) {
            case '[': while (!(token = rest.next()).equals("]")) items.add(value(token, rest)); return items;
            case '{': break;
            case '"': return ESCAPE.matcher(token.substring(1, token.length() - 1)).replaceAll(escape ->
                Matcher.quoteReplacement(escape.group(1) == null ? escape.group().replace("\\/", "/").translateEscapes()
                    : Character.toString(Integer.parseInt(escape.group(1), 16))));
            case 'n': return null;
            case 't', 'f': return token.equals("true");
            default: return new BigDecimal(token);
        }
        while (!(token = rest.next()).equals("}")) members.put(value(token, rest), value(rest.next(), rest));
        return members;
    }

    static String json(Object value) {
        if (value instanceof List<?> list) return list.stream().map(JavaHttpClient::json).toList().toString();
        if (value instanceof Map<?, ?> map) return map.entrySet().stream().map(member ->
            json(member.getKey()) + ":" + json(member.getValue())).collect(Collectors.joining(",", "{", "}"));
        if (!(value instanceof String)) return String.valueOf(value);
        var special = Pattern.compile("[\\x00-\\x1f\"\\\\]").matcher((String) value);
        return '"' + special.replaceAll(unit -> String.format("\\\\u%04x", (int) unit.group().charAt(0))) + '"';
    }
}
