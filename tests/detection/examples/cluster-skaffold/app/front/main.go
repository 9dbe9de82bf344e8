package main
import ("net/http";"os")
func main() { _ = os.Getenv("CART_ADDR"); http.ListenAndServe(":8080", nil) }
