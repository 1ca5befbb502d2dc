import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/**
 * As AWS's own Java sample reads: no JSON parser, but a search for the key, and so many characters further on the value.
 * A blank behind the colon breaks it. Once with each of the two HTTP clients that Java has; the newer one asks for
 * HTTP/2 with its first request.
 */
public class WithStringSearch {
    private static final String PORT = System.getenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT");
    private static final String TOKEN = System.getenv("AWS_SESSION_TOKEN");
    private static final String HEADER = "X-Aws-Parameters-Secrets-Token";

    public static void main(String[] arguments) throws Exception {
        String secrets = "/secretsmanager/get?secretId=";
        System.out.println("secret=" + after(plain(secrets + "dummy-string-secret", TOKEN), "\"SecretString"));
        String name = "%2Flambda-ext-test-param%2Fdummy-secure-string";
        String parameter = modern("/systemsmanager/parameters/get?name=" + name + "&withDecryption=true");
        System.out.println("parameter=" + after(parameter, "\"Value"));
        System.out.println("binary=" + after(modern(secrets + "dummy-binary-secret"), "\"SecretBinary"));
        System.out.println("missing=" + plain(secrets + "nope", TOKEN));
        System.out.println("refused=" + plain(secrets + "dummy-string-secret", "wrong"));
    }

    private static String after(String body, String key) {
        int start = body.indexOf(key) + key.length() + 3; // the quotation mark, the colon, the next quotation mark
        return body.substring(start, body.indexOf('"', start));
    }

    private static String plain(String path, String token) throws IOException {
        var connection = (HttpURLConnection) URI.create("http://localhost:" + PORT + path).toURL().openConnection();
        connection.setRequestProperty(HEADER, token);
        int status = connection.getResponseCode();
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
            return status < 400 ? text : status + " " + text;
        }
    }

    private static String modern(String path) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + PORT + path)).header(HEADER, TOKEN).build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
}
