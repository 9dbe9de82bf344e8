module front
go 1.23
