# Build: dependencies first, so that a change of code does not install them again.
FROM {{ base("node", version) }} AS build
WORKDIR /app
{% include "_node_tools.Dockerfile" %}
{% include "_node_install.Dockerfile" %}

# Serve: the built files only, by nginx without root.
FROM {{ base("static", none) }}
COPY .kyozo/nginx.conf /etc/kyozo/nginx.conf
COPY --from=build /app/{{ facts.workspace_path ~ "/" if facts.workspace_path }}{{ service.output_directory }} /srv/www
{% include "_nginx.Dockerfile" %}
