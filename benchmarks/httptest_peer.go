// The peer of benchmarks/peer_features.py that is written in Go: servers of net/http/httptest, plain and with TLS.
// It prints the ports of both, and ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"
)

func handle(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	if request.URL.Path != "/a" || query.Get("x") != "1" || query.Get("y") != "2" {
		http.NotFound(writer, request)
		return
	}
	writer.Header().Set("ETag", `"1"`)
	http.ServeContent(writer, request, "a.txt", time.Time{}, strings.NewReader("ok"))
}

func main() {
	plain := httptest.NewServer(http.HandlerFunc(handle))
	secure := httptest.NewUnstartedServer(http.HandlerFunc(handle))
	secure.EnableHTTP2 = true
	secure.StartTLS()
	for _, server := range []*httptest.Server{plain, secure} {
		fmt.Println(server.URL[strings.LastIndex(server.URL, ":")+1:])
	}
	io.Copy(io.Discard, os.Stdin)
	secure.Close()
	plain.Close()
}
