# The generators of two domains, each to deceive a critic and to undo the other
# Zhu, Park, Isola and Efros (2017), Unpaired image-to-image translation
X, Z: 3 x m input
G, F: 3 x 3
u, v: 1 x 3
Z_fake = tanh(G @ X)
X_fake = tanh(F @ Z)
cycle = mean(abs(F @ Z_fake - X)) + mean(abs(G @ X_fake - Z))
deceit = mean((u @ Z_fake - 1)**2) + mean((v @ X_fake - 1)**2)
loss = deceit + 10 * cycle
