# A generative adversarial network, two losses
# Goodfellow et al. (2014), Generative adversarial nets
X: 3 x m
z: 2 x m input
G1: 4 x 2
G2: 3 x 4
V: 5 x 3
w: 1 x 5
F = G2 @ relu(G1 @ z)
p_real = sigmoid(w @ leaky_relu(V @ X, 0.2))
p_fake = sigmoid(w @ leaky_relu(V @ F, 0.2))
loss_d = -mean(log(p_real)) - mean(log(1 - p_fake))
loss_g = -mean(log(p_fake))
