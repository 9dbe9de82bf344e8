{% if manager not in ("npm", "none") %}
RUN npm install --global {{ manager_package }}
{% endif %}
