# A generative adversarial network with squared losses
# Mao, Li, Xie, Lau, Wang and Smolley (2017), Least squares generative adversarial networks
X: 3 x m
z: 2 x m input
G: 3 x 2
g: 3 x 1
w: 1 x 3
c: 1 x 1
F = tanh(G @ z + g)
score_x = w @ X + c
score_f = w @ F + c
loss_d = mean((score_x - 1)**2) / 2 + mean(score_f**2) / 2
loss_g = mean((score_f - 1)**2) / 2
