module example.com/shop

go 1.22

toolchain go1.22.5

require github.com/gin-gonic/gin v1.10.0
