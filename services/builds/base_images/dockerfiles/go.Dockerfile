# The Go toolchain under /usr/local/go, as in the public image.
ARG BASE
FROM ${BASE}
COPY go/ /usr/local/go/
ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    GOPATH=/go GOTOOLCHAIN=local
RUN mkdir -p -m 1777 /go/src /go/bin
WORKDIR /go
