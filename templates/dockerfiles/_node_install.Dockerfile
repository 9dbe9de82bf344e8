{% if facts.needs_source %}
COPY . .
{% elif manifest_groups %}
{% for folder, files in manifest_groups %}
COPY {{ files | join(" ") }} ./{{ folder }}
{% endfor %}
{% endif %}
{% if service.install_command %}
RUN --mount=type=cache,id={{ manager }},target={{ caches[manager] }} {{ service.install_command }}
{% endif %}
{% if not facts.needs_source %}
COPY . .
{% endif %}
{% if facts.workspace_path and not facts.build_at_root %}
WORKDIR /app/{{ facts.workspace_path }}
{% endif %}
{% if service.build_command %}
RUN {{ facts.build_environment ~ " " if facts.build_environment }}{{ service.build_command }}
{% endif %}
