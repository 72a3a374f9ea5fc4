# A critic whose matrix is divided by its largest singular value, from given vectors
# Miyato, Kataoka, Koyama and Yoshida (2018), Spectral normalization for generative adversarial networks
X, F: 3 x m input
W: 5 x 3
u: 5 x 1 constant
v: 3 x 1 constant
w: 1 x 5
sigma = u.T @ W @ v
c_real = w @ leaky_relu(W @ X / sigma, 0.1)
c_fake = w @ leaky_relu(W @ F / sigma, 0.1)
loss = mean(max(0, 1 - c_real)) + mean(max(0, 1 + c_fake))
