/** Lines of other programs, of configurations and of people that have words of nginx's messages, and are none. */
export const FOREIGN_LINES: readonly string[] = `
[01-Jan-2026 10:00:00] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it
[01-Jan-2026 10:00:00] WARNING: [pool www] child 12 exited on signal 11 (SIGSEGV) after 3.2 seconds from start
[01-Jan-2026 10:00:00] ERROR: unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)
[Sat Jan 10 08:41:45.123456 2026] [proxy:error] [pid 12:tid 34] (111)Connection refused: AH00957: HTTP: attempt to connect to 127.0.0.1:8080 (localhost) failed
[Sat Jan 10 08:41:45.123456 2026] [proxy_http:error] [pid 12] [client 10.0.0.9:1234] AH01114: HTTP: failed to make connection to backend: localhost
[Sat Jan 10 08:41:45.123456 2026] [proxy_http:error] [pid 12] (70007)The timeout specified has expired: [client 10.0.0.9:1234] AH01102: error reading status line from remote server backend:8080
[Sat Jan 10 08:41:45 2026] [error] [client 10.0.0.9] File does not exist: /var/www/html/favicon.ico
[Sat Jan 10 08:41:45 2026] [error] (13)Permission denied: proxy: HTTP: attempt to connect to 127.0.0.1:3000 (*) failed
Jan 10 08:41:45 lb haproxy[12]: Server app/web1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 0 active and 0 backup servers left.
Jan 10 08:41:45 lb haproxy[12]: 10.0.0.9:1234 [10/Jan/2026:08:41:45.123] front app/web1 0/0/-1/-1/3 503 212 - - SC-- 1/1/0/0/3 0/0 "GET / HTTP/1.1"
Jan 10 08:41:45 lb haproxy[12]: backend app has no server available!
Jan 10 08:41:45 web systemd[1]: nginx.service: Failed with result 'exit-code'.
Jan 10 08:41:45 web systemd[1]: Failed to start A high performance web server and a reverse proxy server.
Jan 10 08:41:45 web systemd[1]: php8.2-fpm.service: Main process exited, code=killed, status=9/KILL
Jan 10 08:41:45 web systemd-resolved[99]: Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 10.0.0.2.
Jan 10 08:41:45 web kernel: Out of memory: Killed process 123 (node) total-vm:1234kB, anon-rss:123kB
Jan 10 08:41:45 web kernel: TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.
Jan 10 08:41:45 web kernel: nf_conntrack: table full, dropping packet
Jan 10 08:41:45 web sshd[99]: Connection reset by peer while reading from client 10.0.0.9 port 22
Jan 10 08:41:45 web sshd[99]: error: kex_exchange_identification: Connection closed by remote host
Error: connect ECONNREFUSED 127.0.0.1:3000
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1495:16)
Error: connect ETIMEDOUT 10.0.0.1:5432 while connecting to the database upstream
Error: socket hang up
    at connResetException (node:internal/errors:720:14)
[HPM] Error occurred while proxying request localhost:3000/api to http://127.0.0.1:8080/ [ECONNREFUSED] (https://nodejs.org/api/errors.html#errors_common_system_errors)
upstream connect error or disconnect/reset before headers. reset reason: connection failure, transport failure reason: delayed connect error: 111
upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused
upstream request timeout
no healthy upstream
[2026-01-10 08:41:45.123][12][warning][config] [source/common/config/grpc_stream.h:160] DeltaAggregatedResources gRPC config stream to xds_cluster closed since 30s ago: 14, upstream connect error or disconnect/reset before headers. reset reason: connection timeout
{"level":"error","ts":1736500000.1,"logger":"http.log.error","msg":"dial tcp 127.0.0.1:3000: connect: connection refused","request":{"remote_ip":"10.0.0.9","method":"GET","host":"app.test","uri":"/"},"duration":0.001,"status":502}
time="2026-01-10T08:41:45Z" level=debug msg="'502 Bad Gateway' caused by: dial tcp 10.0.0.1:8080: connect: connection refused"
2026/01/10 08:41:45 http: proxy error: dial tcp 127.0.0.1:3000: connect: connection refused
2026/01/10 08:41:45 http: proxy error: context canceled
2026/01/10 08:41:45 failed to connect to upstream: connection refused
2026/01/10 08:41:45 http: TLS handshake error from 10.0.0.9:1234: remote error: tls: bad certificate
2026/01/10 08:41:45 read tcp 10.0.0.1:1234->10.0.0.2:80: read: connection reset by peer
requests.exceptions.ConnectionError: HTTPConnectionPool(host='app', port=8000): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))
[2026-01-10 08:41:45 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:12)
[2026-01-10 08:41:45 +0000] [7] [ERROR] Connection in use: ('0.0.0.0', 8000)
Sat Jan 10 08:41:45 2026 - SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected) on request / (ip 10.0.0.9) !!!
Sat Jan 10 08:41:45 2026 - uwsgi_response_write_body_do(): Broken pipe [core/writer.c line 341] during GET / (10.0.0.9)
psql: error: could not connect to server: Connection refused
	Is the server running on host "localhost" (127.0.0.1) and accepting TCP/IP connections on port 5432?
2026-01-10 08:41:45.123 UTC [12] FATAL:  remaining connection slots are reserved for non-replication superuser connections
2026-01-10 08:41:45.123 UTC [12] LOG:  could not receive data from client: Connection reset by peer
ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)
PHP Fatal error:  Uncaught mysqli_sql_exception: Connection refused in /var/www/html/index.php:3
PHP Warning:  fsockopen(): unable to connect to ssl://smtp.test:465 (Connection timed out) in /var/www/html/mail.php on line 3
PHP Warning:  file_get_contents(): SSL operation failed with code 1. OpenSSL Error messages:
curl: (7) Failed to connect to 127.0.0.1 port 8080 after 0 ms: Connection refused
curl: (28) Operation timed out after 30001 milliseconds with 0 bytes received
curl: (6) Could not resolve host: app.test
curl: (52) Empty reply from server
curl: (35) error:0A00010B:SSL routines::wrong version number
* connect to 127.0.0.1 port 8080 failed: Connection refused
*   Trying 127.0.0.1:8080...
* upstream prematurely hung up
wget: unable to resolve host address 'app.test'
The remote name could not be resolved: 'app.test'
System.Net.WebException: The remote name could not be resolved: 'api.app.test' while connecting
ssh: connect to host 10.0.0.9 port 22: Connection refused
nc: connect to 127.0.0.1 port 9000 (tcp) failed: Connection refused
redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.
java.net.ConnectException: Connection refused (Connection refused)
java.net.SocketTimeoutException: Read timed out
org.apache.http.NoHttpResponseException: app:8080 failed to respond
io.netty.channel.AbstractChannel$AnnotatedConnectException: finishConnect(..) failed: Connection refused: /127.0.0.1:8080
2026-01-10 08:41:45 ERROR upstream service failed while reading response from database
2026-01-10 08:41:45 INFO upstream server started, waiting for connections
2026-01-10 08:41:45 [error] worker 3: upstream queue timed out (30s)
2026-01-10 08:41:45 WARN upstream sent invalid json, ignoring
10.0.0.9 - - [10/Jan/2026:08:41:45 +0000] "GET /upstream/status HTTP/1.1" 502 157 "-" "curl/8.5.0"
10.0.0.9 - - [10/Jan/2026:08:41:45 +0000] "GET /q?x=connect()+failed+while+connecting+to+upstream HTTP/1.1" 404 157 "-" "Mozilla/5.0"
10.0.0.9 - - [10/Jan/2026:08:41:45 +0000] "GET / HTTP/1.1" 502 157 "-" "-" upstream: "10.0.0.1:80" upstream_status: 502
proxy_next_upstream error timeout invalid_header http_502;
proxy_connect_timeout 5s; proxy_read_timeout 60s; proxy_send_timeout 60s;
upstream backend { server 127.0.0.1:3000; server 127.0.0.1:3001 backup; keepalive 32; }
error_page 502 /502.html; # connection refused by upstream
proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ssl/ca.pem; proxy_ssl_name app.test;
worker_connections 1024;
resolver 127.0.0.11 valid=10s; set $upstream app; proxy_pass http://$upstream:3000;
fastcgi_pass unix:/run/php/php8.2-fpm.sock; # permission denied?
log_format main '$remote_addr - $request $upstream_addr $upstream_status $upstream_response_time';
I get a 502 from nginx since I changed the upstream to port 3000, the app works when I connect to it directly.
We have a problem with the connection between nginx and our upstream: it times out after 60 seconds.
My nginx is in front of an Express app, and while connecting to the upstream server everything is fine locally.
The server closes the connection prematurely for some reason, maybe while reading the header.
How can I increase the number of worker connections? The default is not enough for us.
Does anybody know why the host is not found in the upstream block when Docker restarts?
It says connection refused, but the container is up and I can reach it with curl.
The certificate verify step failed on the client side, see the SSL settings below.
Check whether the socket file exists: no such file or directory means that php-fpm does not run.
502 Bad Gateway
nginx/1.24.0
docker compose logs nginx | grep upstream
Connecting to upstream... done
upstream is down, retrying
While reading upstream docs I found this.
`
  .trim()
  .split('\n');
