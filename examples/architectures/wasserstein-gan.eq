# A Wasserstein critic with a gradient penalty
# Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville (2017), Improved training of Wasserstein GANs
X, F: 3 x m input
epsilon: 1 x m input
V: 5 x 3
w: 1 x 5
c_real = w @ softplus(V @ X)
c_fake = w @ softplus(V @ F)
B = epsilon * X + (1 - epsilon) * F
c_between = w @ softplus(V @ B)
G = grad(sum(c_between), B)
loss = mean(c_fake) - mean(c_real) + 10 * mean((norm(G, axis=0) - 1)**2)
