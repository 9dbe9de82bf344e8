import { KyozoAPI } from '@kyozo/sdk';

const api = new KyozoAPI({
  apiToken: 'your_api_token',
  teamId: 'your_team_id',
  baseUrl: 'https://api.kyozo.com/api/v1'
});

// List services
const services = await api.services.list();

// Deploy a service
const service = await api.services.create({
  name: 'my-app',
  folder_path: '/app',
  service_type: 'nodejs'
});

// Start service
await api.services.start(service.id);

// Get real-time status
api.services.onStatusChange((serviceId, status) => {
  console.log(`Service ${serviceId} status: ${status}`);
});
