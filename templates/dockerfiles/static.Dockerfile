# Files as they are, served by nginx without root.
FROM {{ base("static", none) }}
COPY .kyozo/nginx.conf /etc/kyozo/nginx.conf
COPY {{ service.output_directory if service.output_directory not in (none, ".") else "." }} /srv/www
{% include "_nginx.Dockerfile" %}
