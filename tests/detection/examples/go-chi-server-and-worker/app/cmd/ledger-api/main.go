package main

import "net/http"

func main() {
	addr := ":" + env("PORT", "8090")
	http.ListenAndServe(addr, nil)
}
