module example.org/acme/ledger

go 1.23.0

toolchain go1.23.4

require (
	github.com/go-chi/chi/v5 v5.1.0
	github.com/jackc/pgx/v5 v5.7.1
)
