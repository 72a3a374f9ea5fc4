# A restricted Boltzmann machine: the free energy of data against that of samples
# Hinton (2002), Training products of experts by minimizing contrastive divergence
X, N: 5 x m input
W: 4 x 5
b: 5 x 1
c: 4 x 1
F_data = -b.T @ X - sum(softplus(W @ X + c), axis=0)
F_model = -b.T @ N - sum(softplus(W @ N + c), axis=0)
loss = mean(F_data - F_model)
