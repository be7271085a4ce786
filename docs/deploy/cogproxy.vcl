# Varnish in front of cogproxy. Tested with Varnish 7.1.
vcl 4.1;

import std;

backend cogproxy {
    .host = "cogproxy";
    .port = "8080";
    .first_byte_timeout = 90s;
    .probe = { .url = "/healthz"; .interval = 5s; .timeout = 2s; .window = 4; .threshold = 2; }
}

# Who may ban: BAN /tiles/dem with this method forgets everything below that path.
acl operators {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ operators) {
            return (synth(403));
        }
        ban("obj.http.x-host == " + req.http.host + " && obj.http.x-url ~ ^" + req.url);
        return (synth(200, "Banned"));
    }
    if (req.url ~ "^/(admin/|metrics$)" && client.ip !~ operators) {
        return (synth(403));
    }
    # Answers to callers who show who they are belong to them alone.
    if (req.http.Authorization || req.http.X-Esri-Authorization || req.url ~ "[?&]token=" || req.http.Cookie ~ "(agstoken|cogproxy_session)=") {
        return (pass);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    unset req.http.Cookie;
    # While cogproxy is well an answer is shown past its lifetime only as long as it takes to fetch it anew.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 60s;
    }
    return (hash);
}

sub vcl_backend_response {
    set beresp.http.x-url = bereq.url;
    set beresp.http.x-host = bereq.http.host;
    if (beresp.ttl > 0s) {
        # Kept to be asked for by its ETag, and shown while cogproxy is out of reach.
        set beresp.grace = 24h;
        set beresp.keep = 7d;
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", varnish; hit";
    } else {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", varnish; fwd=miss";
    }
    unset resp.http.x-url;
    unset resp.http.x-host;
}
