{% if service.port %}
ENV PORT={{ service.port }}
EXPOSE {{ service.port }}
{% endif %}
