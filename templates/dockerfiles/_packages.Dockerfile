{% if service.system_packages %}
RUN apt-get update \
    && apt-get install -y --no-install-recommends {{ service.system_packages | join(" ") }} \
    && rm -rf /var/lib/apt/lists/*
{% endif %}
