USER 10001:10001
ENV PORT={{ service.port }}
EXPOSE {{ service.port }}
CMD ["/bin/sh", "-c", "sed \"s/listen {{ service.port }};/listen $PORT;/\" /etc/kyozo/nginx.conf > /tmp/nginx.conf && exec nginx -e /dev/stderr -c /tmp/nginx.conf"]
