{% if manager not in ("npm", "none") %}
RUN --mount=type=cache,id=npm,target={{ caches.npm }} npm install --global {{ manager_package }}
{% endif %}
