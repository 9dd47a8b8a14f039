// One small web server: what any provider runs. (A sandbox has no containers: there its image cannot be pulled, which is seen in its events.)
export const SDL = `version: "2.0"
services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        as: 80
        to:
          - global: true
profiles:
  compute:
    web:
      resources:
        cpu:
          units: 0.5
        memory:
          size: 512Mi
        storage:
          size: 1Gi
  placement:
    anywhere:
      pricing:
        web:
          denom: uact
          amount: 10000
deployment:
  web:
    anywhere:
      profile: web
      count: 1
`;
